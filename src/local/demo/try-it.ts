import type { LocalDeployment } from '../deployment.ts';
import type { DemoTenant } from './tenants.ts';

/** What to do with a deployment that stays up. */
export function tryIt(
  { url, credentials, place }: LocalDeployment,
  { id, apiKey }: DemoTenant,
  outputsFile: string,
): string {
  const auth = `-H 'Authorization: Bearer ${apiKey}'`;
  const script = [
    `import('./src/client/index.ts').then(async ({ createAuditClient }) => {`,
    `  const audit = createAuditClient({ url: '${url}', apiKey: '${apiKey}' });`,
    `  console.log(await audit.record({ action: 'demo.tried', actor: { type: 'user', id: 'you' } }, { until: 'committed' }));`,
    `  await audit.close();`,
    `})`,
  ].join('\n');
  return `Console             ${url}/
API and local AWS   ${url}
tenant              ${id}
API key             ${apiKey}

The console signs in with that key, for this tab. Three things to try in another terminal, in this folder:

curl -s ${auth} '${url}/v1/events?limit=3'

curl -s ${auth} -H 'Accept: application/x-ndjson' '${url}/v1/events?action=invoice.refunded&outcome=denied&limit=5'

npx node -e "
${script}"

To operate it (npm run sealtrail -- --help), as this local AWS's root:

export AWS_ENDPOINT_URL=${url} AWS_REGION=${place.region} \\
  AWS_ACCESS_KEY_ID=${credentials.accessKeyId} AWS_SECRET_ACCESS_KEY=${credentials.secretAccessKey}
npm run sealtrail -- tenants list --outputs ${outputsFile}

Ctrl-C stops everything.`;
}
