// Builds apps/graphql_api/static/graphiql/: one script, one style sheet (both named by their content), the manifest that
// names them, and the licences of everything in them. In: src/ and node_modules/ (npm ci).
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const here = dirname(fileURLToPath(import.meta.url));
const outdir = join(here, '..', '..', 'apps', 'graphql_api', 'static', 'graphiql');

// GraphiQL brings its fonts as 370 KB of base64; page.css names the system's instead.
const withoutFonts = {
  name: 'without-fonts',
  setup(context) {
    context.onLoad({ filter: /graphiql[\\/]dist[\\/]style\.css$/ }, ({ path }) => ({
      contents: readFileSync(path, 'utf8').replace(/@font-face\s*\{[^}]*\}/g, ''),
      loader: 'css',
    }));
  },
};

// graphql-js takes its production path only where globalThis.process exists, so not in a browser.
const quickInstanceOf = {
  name: 'quick-instance-of',
  setup(context) {
    context.onLoad({ filter: /graphql[\\/]jsutils[\\/]instanceOf\.mjs$/ }, () => ({
      contents: 'export const instanceOf = (value, constructor) => value instanceof constructor;',
    }));
  },
};

// Packages that declare MIT and ship no licence file: whom their repositories name.
const HOLDERS = {
  '@graphiql/plugin-doc-explorer': 'GraphQL Contributors',
  '@graphiql/plugin-history': 'GraphQL Contributors',
  'react-compiler-runtime': 'Meta Platforms, Inc. and affiliates',
  'react-remove-scroll-bar': 'Anton Korzunov',
  'toggle-selection': 'sudodoki',
};

function licenceOf(directory) {
  const { name, version, license } = JSON.parse(readFileSync(join(directory, 'package.json'), 'utf8'));
  const file = readdirSync(directory).find((entry) => /^(licen[cs]e|copying)/i.test(entry));
  if (!file && !(license === 'MIT' && HOLDERS[name])) throw new Error(`${name} has no licence file: look it up`);
  const text = file
    ? readFileSync(join(directory, file), 'utf8').trim()
    : readFileSync(join(here, 'node_modules', 'react', 'LICENSE'), 'utf8')
        .trim()
        .replace(/^Copyright .*$/m, `Copyright (c) ${HOLDERS[name]}`);
  return `${name} ${version} (${license})\n\n${text}\n`;
}

rmSync(outdir, { recursive: true, force: true });
const { metafile } = await build({
  absWorkingDir: here,
  entryPoints: { graphiql: 'src/main.jsx' },
  entryNames: '[name]-[hash]',
  outdir,
  bundle: true,
  minify: true,
  format: 'esm',
  target: 'es2022',
  jsx: 'automatic',
  legalComments: 'none',
  metafile: true,
  define: { 'process.env.NODE_ENV': '"production"' },
  plugins: [withoutFonts, quickInstanceOf],
});

const [script, style] = ['.js', '.css'].map((suffix) =>
  basename(Object.keys(metafile.outputs).find((path) => path.endsWith(suffix))),
);
writeFileSync(join(outdir, 'manifest.json'), `${JSON.stringify({ script, style }, null, 2)}\n`);

// The packages whose code is in the output, not those that were merely looked at.
const bundled = Object.values(metafile.outputs).flatMap(({ inputs }) =>
  Object.entries(inputs).filter(([, { bytesInOutput }]) => bytesInOutput > 0),
);
const packages = new Set(
  bundled.map(([path]) => path.match(/^(.*node_modules\/(?:@[^/]+\/)?[^/]+)/)?.[1]).filter(Boolean),
);
const licences = [...packages].sort().map((directory) => licenceOf(join(here, directory)));
const rule = `\n${'-'.repeat(80)}\n\n`;
writeFileSync(join(outdir, 'LICENSES.txt'), `What graphiql-*.js and graphiql-*.css contain.\n${rule}${licences.join(rule)}`);
