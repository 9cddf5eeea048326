import { readFile, stat } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { idPattern } from '../../domain/limits.ts';
import { digestPattern } from '../../domain/manifest.ts';
import type { Desk } from '../command.ts';
import { Failure, UsageError } from '../failure.ts';
import type { Option } from '../option.ts';
import type { Args } from '../read-args.ts';

/** A deployment as one reader knows it. */
const profileSchema = z.strictObject({
  /** The API's address, `https://…` (plain http on this machine only). */
  url: z.string().refine(isSafe, 'an https URL (http only for localhost)').optional(),
  apiKey: z.string().min(1).optional(),
  /** For keys over all tenants. */
  tenant: z.string().regex(idPattern).optional(),
  /** Thumbprints of the issuer's keys, for `verify`. */
  issuers: z.array(z.string().regex(digestPattern)).optional(),
});
const fileSchema = z.record(z.string(), profileSchema);
type Profile = z.infer<typeof profileSchema>;

/** Options of commands that look for a deployment. The key is none: others on the machine see a command line. */
export const profileOption: Readonly<Record<string, Option>> = {
  profile: {
    value: 'NAME',
    help: 'a deployment of profiles.json (default: SEALTRAIL_URL and SEALTRAIL_API_KEY, else the profile `default`)',
  },
};
export const connectionOptions: Readonly<Record<string, Option>> = {
  ...profileOption,
  tenant: { value: 'TENANT', help: 'whose log; for keys that read all tenants' },
};

/** A key must not travel in the clear, so plain http is for this machine only. */
function isSafe(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { protocol, hostname, username, search, hash } = new URL(text);
  const isLoopback = ['localhost', '127.0.0.1', '[::1]'].includes(hostname);
  const isBare = username === '' && search === '' && hash === '';
  return isBare && (protocol === 'https:' || (protocol === 'http:' && isLoopback));
}

/**
 * The profile that was named by --profile or SEALTRAIL_PROFILE, from profiles.json in SEALTRAIL_CONFIG or
 * ~/.config/sealtrail; else the environment's own, with `default` for what that lacks.
 */
export async function readProfile(args: Args, { env, out }: Desk): Promise<Profile> {
  const name = args.text('profile') ?? env['SEALTRAIL_PROFILE'];
  const folder = join(env['XDG_CONFIG_HOME'] ?? join(homedir(), '.config'), 'sealtrail');
  const file = env['SEALTRAIL_PROFILES'] ?? join(folder, 'profiles.json');
  const profiles = await readProfiles(file, name !== undefined);
  const keeps = Object.values(profiles).some(({ apiKey }) => apiKey !== undefined);
  if (keeps && ((await stat(file)).mode & 0o077) !== 0)
    out.note(`${file} holds keys, and others can read it: chmod 600 ${file}`);
  if (name !== undefined) {
    const profile = Object.hasOwn(profiles, name) ? profiles[name] : undefined;
    if (profile !== undefined) return profile;
    const names = Object.keys(profiles).join(', ') || 'none';
    throw new UsageError(`${file} has no profile ${name}; there are ${names}`);
  }
  const own = profileSchema.safeParse({
    url: env['SEALTRAIL_URL'],
    apiKey: env['SEALTRAIL_API_KEY'],
  });
  if (!own.success) throw new UsageError(`SEALTRAIL_URL: ${own.error.issues[0]?.message}`);
  // A key is for its own deployment: none is sent to an address from elsewhere.
  return own.data.url === undefined ? { ...profiles['default'] } : own.data;
}

async function readProfiles(file: string, must: boolean): Promise<Record<string, Profile>> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (cause) {
    if (!must && (cause as NodeJS.ErrnoException).code === 'ENOENT') return {};
    throw new Failure(`${file} cannot be read`, { cause });
  }
  const parsed = fileSchema.safeParse(parseOrUndefined(text));
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  throw new Failure(`${file}: ${issue?.path.join('.') || 'the file'}: ${issue?.message}`);
}

function parseOrUndefined(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
