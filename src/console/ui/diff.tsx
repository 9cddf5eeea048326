import type { ShownChange } from '../text/changes.ts';
import { Text } from './text.tsx';

const classes = { '-': 'gone', '+': 'come', ' ': '' } as const;
const spoken = { '-': 'before', '+': 'after', ' ': 'unchanged' } as const;

/** One change: what went and what came. The sign says it too, not the colour alone. */
export function Diff({ change }: { readonly change: ShownChange }) {
  const { op, path, lines } = change;
  return (
    <figure class="diff">
      <figcaption>
        <span class="muted">{op}</span>{' '}
        <code>
          <Text>{path}</Text>
        </code>
      </figcaption>
      {lines.map(({ sign, text }, i) => (
        <div key={i} class={`diff-line ${classes[sign]}`}>
          <span class="sign" aria-hidden="true">
            {sign}
          </span>
          <span class="unseen">{spoken[sign]}: </span>
          <Text>{text}</Text>
        </div>
      ))}
    </figure>
  );
}
