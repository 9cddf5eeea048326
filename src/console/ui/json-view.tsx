import type { JsonTree } from '../text/json-tree.ts';
import { prettyJson } from '../text/pretty-json.ts';
import { Text } from './text.tsx';

/** A JSON text, coloured by what its words are. */
export function JsonView({ tree }: { readonly tree: JsonTree }) {
  return (
    <>
      {prettyJson(tree).map(({ indent, pieces }, i) => (
        <div key={i} style={{ paddingInlineStart: `${indent * 2}ch` }}>
          {pieces.map(({ kind, text }, j) => (
            <span key={j} class={`json-${kind}`}>
              <Text>{text}</Text>
            </span>
          ))}
        </div>
      ))}
    </>
  );
}
