// The box for the API key. Calls onUse(key) when a key is given, onUse('') when it is forgotten.
import { useState } from 'react';

export function KeyForm({ initialKey, onUse }) {
  const [text, setText] = useState(initialKey);
  const [used, setUsed] = useState(initialKey);

  function use(key) {
    setText(key);
    setUsed(key);
    onUse(key);
  }

  return (
    <form
      className="kapok-key"
      onSubmit={(event) => {
        event.preventDefault();
        use(text.trim());
      }}
    >
      <label htmlFor="kapok-apikey">API key</label>
      <input
        id="kapok-apikey"
        type="password"
        // Browsers offer to keep passwords; this one stays in the tab.
        autoComplete="off"
        data-1p-ignore=""
        spellCheck={false}
        placeholder="publishable or secret key"
        value={text}
        onChange={(event) => setText(event.target.value)}
      />
      <button type="submit" disabled={text.trim() === used}>
        Use
      </button>
      <button type="button" disabled={!used} onClick={() => use('')}>
        Forget
      </button>
    </form>
  );
}
