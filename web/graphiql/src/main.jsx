// The GraphiQL page of one tenant. In: the attributes of #graphiql (data-endpoint, data-tenant) and the nonce of this
// script. Out: the page. The API key lives in sessionStorage, by endpoint, and is sent to that endpoint only.
import { setNonce } from 'get-nonce';
import { useCallback, useState } from 'react';
import { createRoot } from 'react-dom/client';
import { GraphiQL } from 'graphiql';
import 'graphiql/graphiql.css';
import './page.css';
import { createFetcher } from './fetcher.js';
import { KeyForm } from './key-form.jsx';
import { prefixed } from './storage.js';

const root = document.getElementById('graphiql');
const { endpoint, tenant } = root.dataset;
// The style elements that dialogs and menus add must pass the page's Content-Security-Policy.
setNonce(document.querySelector('script[nonce]').nonce);

const DEFAULT_QUERY = `# What can be asked of ${tenant}?
# Put an API key above to see what it may see.
#
#   Ctrl-Space      complete
#   Ctrl-Enter      run
#   Shift-Ctrl-P    tidy up

query WhatIsHere {
  __schema {
    queryType {
      fields {
        name
        description
      }
    }
  }
}
`;

const history = prefixed(localStorage, `kapok:${endpoint}:`);
const session = prefixed(sessionStorage, `kapok:${endpoint}:`);

function Page() {
  const [fetcher, setFetcher] = useState(() => createFetcher(endpoint, session.getItem('apikey')));
  const useKey = useCallback((key) => {
    if (key) session.setItem('apikey', key);
    else session.removeItem('apikey');
    // A new fetcher makes GraphiQL read the schema again, with the new key.
    setFetcher(() => createFetcher(endpoint, key));
  }, []);
  return (
    <>
      <header className="kapok-header">
        <h1>
          Kapok <span>{tenant}</span>
        </h1>
        <KeyForm initialKey={session.getItem('apikey') ?? ''} onUse={useKey} />
      </header>
      <GraphiQL
        fetcher={fetcher}
        storage={history}
        defaultQuery={DEFAULT_QUERY}
        shouldPersistHeaders={false}
        inputValueDeprecation
      >
        <GraphiQL.Logo>
          <span />
        </GraphiQL.Logo>
      </GraphiQL>
    </>
  );
}

createRoot(root).render(<Page />);
