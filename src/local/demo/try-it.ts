import type { DemoTenant } from './tenants.ts';

/** What to do with a deployment that stays up. */
export function tryIt(url: string, { id, apiKey }: DemoTenant): string {
  const auth = `-H 'Authorization: Bearer ${apiKey}'`;
  const script = [
    `import('./src/client/index.ts').then(async ({ createAuditClient }) => {`,
    `  const audit = createAuditClient({ url: '${url}', apiKey: '${apiKey}' });`,
    `  console.log(await audit.record({ action: 'demo.tried', actor: { type: 'user', id: 'you' } }, { until: 'committed' }));`,
    `  await audit.close();`,
    `})`,
  ].join('\n');
  return `API and local AWS   ${url}
tenant              ${id}
API key             ${apiKey}

Three things to try in another terminal, in this folder:

curl -s ${auth} '${url}/v1/events?limit=3'

curl -s ${auth} -H 'Accept: application/x-ndjson' '${url}/v1/events?action=invoice.refunded&outcome=denied&limit=5'

npx node -e "
${script}"

Ctrl-C stops everything.`;
}
