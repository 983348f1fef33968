// One GraphQL request over HTTP. In: the endpoint and a key (or null). Out: a fetcher for GraphiQL.
export function createFetcher(endpoint, key) {
  return async (params, { headers = {} } = {}) => {
    const response = await fetch(endpoint, {
      method: 'POST',
      // The key says who asks; a session of the admin on the same host must not.
      credentials: 'omit',
      headers: {
        'content-type': 'application/json',
        accept: 'application/graphql-response+json, application/json;q=0.9',
        ...(key && { apikey: key }),
        ...headers,
      },
      body: JSON.stringify(params),
    });
    if (!response.headers.get('content-type')?.includes('json')) {
      throw new Error(`The server answered ${response.status} ${response.statusText}, without JSON.`);
    }
    return response.json();
  };
}
