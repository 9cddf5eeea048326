import { type Session, tenantIn } from '../model/session.ts';
import { Text } from './text.tsx';

interface TokenOfferProps {
  readonly offered: Session;
  readonly onKeep: () => void;
  readonly onTake: () => void;
}

/** A link brought a token while somebody is signed in: it replaces nothing unasked. */
export function TokenOffer({ offered, onKeep, onTake }: TokenOfferProps) {
  const tenant = tenantIn(offered.token);
  return (
    <main class="sign-in">
      <form onSubmit={(event) => event.preventDefault()} aria-describedby="offer-says">
        <h1>Another log?</h1>
        <p id="offer-says">
          The link that led here brings a token of its own
          {tenant === '' ? (
            ''
          ) : (
            <>
              , for the log of <Text>{tenant}</Text>
            </>
          )}
          . Whoever made the link chose it. If you take it, this tab shows that log, and you are
          signed out of the one that you read now.
        </p>
        <button type="button" class="primary" onClick={onKeep}>
          Stay signed in as I am
        </button>
        <button type="button" class="plain" onClick={onTake}>
          Show the other log
        </button>
      </form>
    </main>
  );
}
