/**
 * The key of the cursors' HMAC: KMS's own MAC over a fixed text, so that every container has the same
 * one, none stores it, and a page costs no call. Asked for once a container; a failure is not kept.
 */
export function cursorSecret(
  generateMac: (message: Buffer) => Promise<Uint8Array>,
): () => Promise<Buffer> {
  let secret: Promise<Buffer> | undefined;
  return () => {
    secret ??= generateMac(Buffer.from('sealtrail cursor key, version 1'))
      .then((mac) => Buffer.from(mac))
      .catch((error) => {
        secret = undefined;
        throw error;
      });
    return secret;
  };
}
