import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { mintApiKey } from '../../domain/api-key.ts';
import { createRegistry } from '../../store/registry.ts';
import type { LocalDeployment } from '../deployment.ts';

/** A tenant of the demonstration, with a key that may write and read its log. */
export interface DemoTenant {
  readonly id: string;
  readonly apiKey: string;
}

/** Long enough for any file of old events. */
const retentionDays = 36_500;

/** Creates tenants `demo-1`, `demo-2` … with a client `demo-app` and one API key each. */
export async function createTenants(
  deployment: LocalDeployment,
  count: number,
): Promise<DemoTenant[]> {
  const { url: endpoint, credentials, place } = deployment;
  const client = new DynamoDBClient({ endpoint, credentials, region: place.region });
  const registry = createRegistry({ client, table: outputOf(deployment, 'RegistryTable') });
  const tenants: DemoTenant[] = [];
  for (let n = 1; n <= count; n++) {
    const id = `demo-${n}`;
    await registry.createTenant({ id, retentionDays, shards: 1, credentialsPerMinute: 600 });
    const key = mintApiKey();
    await registry.putKey(key.id, {
      hash: key.hash,
      tenant: id,
      client: 'demo-app',
      scopes: new Set(['read', 'write']),
      created: new Date().toISOString(),
    });
    tenants.push({ id, apiKey: key.text });
  }
  client.destroy();
  return tenants;
}

/** An output of whichever stack has it. */
export function outputOf({ outputs }: LocalDeployment, name: string): string {
  for (const stack of Object.values(outputs)) {
    const value = stack[name];
    if (value !== undefined) return value;
  }
  throw new Error(
    `No stack has an output ${name}; there are ${Object.values(outputs).flatMap(Object.keys)}`,
  );
}
