import { z } from 'zod';
import type { Made } from '../provider.ts';
import { type At, type Maker, maker, physicalName } from './maker.ts';

/** Types that are remembered and do nothing here: nobody reads their metrics or logs but a person. */
const record = (nameProperty: string, made: (name: string, at: At) => Made): Maker =>
  maker(z.record(z.string(), z.unknown()), async (properties, at) => {
    const name = properties[nameProperty];
    return made(typeof name === 'string' ? name : physicalName(at, 255), at);
  });

const arn = (service: string, { place }: At, rest: string): string =>
  `arn:aws:${service}:${place.region}:${place.account}:${rest}`;

export const recorded: Readonly<Record<string, Maker>> = {
  'AWS::Logs::LogGroup': record('LogGroupName', (name, at) => ({
    ref: name,
    attributes: { Arn: arn('logs', at, `log-group:${name}:*`) },
  })),
  'AWS::SNS::Topic': record('TopicName', (name, at) => ({
    ref: arn('sns', at, name),
    attributes: { TopicArn: arn('sns', at, name), TopicName: name },
  })),
  'AWS::CloudWatch::Alarm': record('AlarmName', (name, at) => ({
    ref: name,
    attributes: { Arn: arn('cloudwatch', at, `alarm:${name}`) },
  })),
  'AWS::CloudWatch::Dashboard': record('DashboardName', (name) => ({ ref: name, attributes: {} })),
};
