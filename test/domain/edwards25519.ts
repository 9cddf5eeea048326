/** The group of Ed25519 (RFC 8032 §5.1), slow and plain: what the list of bad keys is checked against. */
const p = 2n ** 255n - 19n;
const mod = (n: bigint) => ((n % p) + p) % p;

function power(base: bigint, exponent: bigint): bigint {
  let result = 1n;
  for (let b = mod(base), e = exponent; e > 0n; e >>= 1n, b = mod(b * b))
    if (e & 1n) result = mod(result * b);
  return result;
}

const inverse = (n: bigint) => power(n, p - 2n);
const d = mod(-121665n * inverse(121666n));

export interface Point {
  readonly x: bigint;
  readonly y: bigint;
}
export const neutral: Point = { x: 0n, y: 1n };

/** A y that is not reduced, and x = 0 with a sign, are decoded too: lax readers do so. Undefined off the curve. */
export function decode(bytes: Uint8Array): Point | undefined {
  const hex = Buffer.from(bytes).reverse().toString('hex');
  const all = BigInt(`0x${hex}`);
  const y = mod(all & (2n ** 255n - 1n));
  const u = mod(y * y - 1n);
  const square = mod(u * inverse(mod(d * y * y + 1n)));
  let x = power(square, (p + 3n) / 8n);
  if (mod(x * x) !== square) x = mod(x * power(2n, (p - 1n) / 4n));
  if (mod(x * x) !== square) return undefined;
  return { x: x % 2n === all >> 255n ? x : mod(-x), y };
}

export function add(a: Point, b: Point): Point {
  const t = mod(d * a.x * b.x * a.y * b.y);
  return {
    x: mod((a.x * b.y + b.x * a.y) * inverse(mod(1n + t))),
    y: mod((a.y * b.y + a.x * b.x) * inverse(mod(1n - t))),
  };
}

export function times(n: bigint, point: Point): Point {
  let result = neutral;
  for (let q = point, e = n; e > 0n; e >>= 1n, q = add(q, q)) if (e & 1n) result = add(result, q);
  return result;
}

/** RFC 8032 §5.1.2. */
export function encode({ x, y }: Point): Buffer {
  const all = y | ((x & 1n) << 255n);
  return Buffer.from(all.toString(16).padStart(64, '0'), 'hex').reverse();
}
