import { visible } from '../text/visible.ts';

/**
 * Text out of an event: always text, isolated from what stands around it, and with nothing in it unseen. All that
 * comes from events goes through here.
 */
export function Text({ children }: { readonly children: string }) {
  return (
    <bdi>
      {visible(children).map((stretch) =>
        'text' in stretch ? (
          stretch.text
        ) : (
          <span class="hidden-char" title={stretch.name}>
            {stretch.hidden}
          </span>
        ),
      )}
    </bdi>
  );
}
