import { randomUUID } from 'node:crypto';
import { type KinesisClient, PutRecordsCommand } from '@aws-sdk/client-kinesis';

/** Of a request: https://docs.aws.amazon.com/kinesis/latest/APIReference/API_PutRecords.html */
const maxRecords = 500;

/** How one records without Sealtrail: an event a record, as many in a request as it takes, nothing checked. */
export class PlainRecorder {
  readonly #kinesis: KinesisClient;
  #records: { Data: Buffer; PartitionKey: string }[] = [];
  readonly #requests = new Set<Promise<void>>();
  #error: unknown;

  constructor(kinesis: KinesisClient) {
    this.#kinesis = kinesis;
  }

  record(input: object): void {
    const id = randomUUID();
    const event = { id, time: new Date().toISOString(), ...input };
    this.#records.push({ Data: Buffer.from(JSON.stringify(event)), PartitionKey: id });
    if (this.#records.length === maxRecords) this.#put();
  }

  /** Resolves once all is taken; rejects if a request failed. */
  async flush(): Promise<void> {
    if (this.#records.length > 0) this.#put();
    await Promise.all(this.#requests);
    if (this.#error !== undefined) throw this.#error;
  }

  #put(): void {
    const Records = this.#records;
    this.#records = [];
    const request = this.#kinesis
      .send(new PutRecordsCommand({ StreamName: 'events', Records }))
      .then(({ Records: taken = [] }) => {
        if (taken.length !== Records.length) throw new Error('not every record was taken');
      })
      .catch((error: unknown) => {
        this.#error = error;
      })
      .finally(() => this.#requests.delete(request));
    this.#requests.add(request);
  }
}
