/** What the keys of our own MACs are derived from: another text is another key. */
export const secretTexts = {
  cursor: 'sealtrail cursor key, version 1',
  viewer: 'sealtrail viewer token key, version 1',
} as const;

/**
 * The key of an HMAC of our own: KMS's own MAC over a fixed text, so that every container has the same
 * one, none stores it, and a page costs no call. Asked for once a container; a failure is not kept.
 */
export function derivedSecret(
  text: string,
  generateMac: (message: Buffer) => Promise<Uint8Array>,
): () => Promise<Buffer> {
  let secret: Promise<Buffer> | undefined;
  return () => {
    secret ??= generateMac(Buffer.from(text))
      .then((mac) => Buffer.from(mac))
      .catch((error) => {
        secret = undefined;
        throw error;
      });
    return secret;
  };
}
