// Runs every check of graphql-http's audit suite against one endpoint, one after another.
// In: node audit.mjs URL, and AUDIT_HEADERS, a JSON object of headers to send with each request (the environment, so
// that a key does not show in the process list). Out: a JSON list of {id, name, status, reason?, got?} on stdout, where
// status is ok, or error (a MUST), warn (a SHOULD) or notice (a MAY). Exits 1 when the endpoint cannot be reached.
import { serverAudits } from 'graphql-http';

const [url] = process.argv.slice(2);
if (!url) {
  console.error('usage: node audit.mjs URL');
  process.exit(2);
}
const extraHeaders = JSON.parse(process.env.AUDIT_HEADERS ?? '{}');
const fetchFn = (input, init = {}) =>
  fetch(input, { ...init, headers: { ...init.headers, ...extraHeaders }, signal: AbortSignal.timeout(10_000) });

async function describe(response) {
  const body = response.bodyUsed ? undefined : (await response.text()).slice(0, 300);
  return { status: response.status, contentType: response.headers.get('content-type'), body };
}

const results = [];
for (const audit of serverAudits({ url, fetchFn })) {
  const { id, name, status, reason, response } = await audit.fn();
  results.push({ id, name, status, reason, got: response && (await describe(response)) });
}
console.log(JSON.stringify(results));
