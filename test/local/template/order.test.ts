// biome-ignore-all lint/suspicious/noTemplateCurlyInString: they are placeholders of Fn::Sub
import { describe, expect, test } from 'vitest';
import { creationOrder } from '../../../src/local/template/order.ts';

describe('the order of creation', () => {
  const resource = (Properties: unknown, DependsOn?: string | string[]) => ({
    Type: 'T',
    Properties,
    ...(DependsOn !== undefined && { DependsOn }),
  });

  test('puts each after what it names, in whatever way', () => {
    const order = creationOrder({
      ByRef: resource({ deep: [{ Ref: 'Z1' }] }),
      ByAttribute: resource({ 'Fn::GetAtt': ['Z2', 'Arn'] }),
      ByAttributeText: resource({ 'Fn::GetAtt': 'Z3.Arn' }),
      BySub: resource({ 'Fn::Sub': 'a${Z4.Arn}${AWS::Region}' }),
      ByWord: resource({}, 'Z5'),
      ByWords: resource({}, ['Z6', 'Z7']),
      ...Object.fromEntries([1, 2, 3, 4, 5, 6, 7].map((n) => [`Z${n}`, resource({})])),
    });
    expect(order).toEqual([
      'Z1',
      'ByRef',
      'Z2',
      'ByAttribute',
      'Z3',
      'ByAttributeText',
      'Z4',
      'BySub',
      'Z5',
      'ByWord',
      'Z6',
      'Z7',
      'ByWords',
    ]);
  });

  test('is the template’s own where nothing else decides', () => {
    expect(creationOrder({ B: resource({}), A: resource({}) })).toEqual(['B', 'A']);
  });

  test('cannot be found in a cycle, which is named', () => {
    const cycle = { A: resource({ Ref: 'B' }), B: resource({}, 'A') };
    expect(() => creationOrder(cycle)).toThrow('Cycle: A → B → A');
  });

  test('cannot be found when something depends on nothing', () => {
    expect(() => creationOrder({ A: resource({}, 'Gone') })).toThrow(/A depends on Gone/);
  });
});
