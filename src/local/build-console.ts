import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import type { ConsolePage } from '../read/show-console.ts';

const room = fileURLToPath(new URL('../console', import.meta.url));

/**
 * Bundles the console into one page: script and style are inline, and nothing else is fetched. Their hashes are what
 * its Content-Security-Policy allows.
 */
export async function buildConsole(): Promise<ConsolePage> {
  const [script, style, template] = await Promise.all([
    bundle('ui/main.tsx'),
    bundle('ui/style.css'),
    readFile(join(room, 'ui/page.html'), 'utf8'),
  ]);
  if (/<\/script|<!--/i.test(script) || /<\/style/i.test(style))
    throw new Error('the bundle holds what would end its own element in the page');
  const html = template.replace('/* style */', () => style).replace('/* script */', () => script);
  return { html, scriptHash: hashOf(script), styleHash: hashOf(style) };
}

async function bundle(entry: string): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [join(room, entry)],
    absWorkingDir: room,
    bundle: true,
    write: false,
    minify: true,
    platform: 'browser',
    format: 'iife',
    // Ed25519 came later to all of them; without it the page says so.
    target: ['chrome123', 'firefox121', 'safari17.5'],
    jsx: 'automatic',
    jsxImportSource: 'preact',
    legalComments: 'none',
    logLevel: 'silent',
  });
  return (outputFiles[0]?.text ?? '').trim();
}

/** As a policy names a source: https://www.w3.org/TR/CSP3/#grammardef-hash-source */
function hashOf(text: string): string {
  return `'sha256-${createHash('sha256').update(text).digest('base64')}'`;
}
