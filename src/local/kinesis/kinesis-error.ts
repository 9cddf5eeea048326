type KinesisErrorCode =
  | 'ExpiredIteratorException'
  | 'ExpiredNextTokenException'
  | 'InvalidArgumentException'
  | 'LimitExceededException'
  | 'ProvisionedThroughputExceededException'
  | 'ResourceInUseException'
  | 'ResourceNotFoundException'
  | 'SerializationException'
  | 'UnknownOperationException'
  | 'ValidationException';

/** What Kinesis answers, with status 400, instead of doing what was asked. */
export class KinesisError extends Error {
  readonly code: KinesisErrorCode;

  constructor(code: KinesisErrorCode, message: string) {
    super(message);
    this.name = 'KinesisError';
    this.code = code;
  }
}

/** The commonest of them. */
export const invalid = (message: string) => new KinesisError('InvalidArgumentException', message);
