// biome-ignore-all lint/suspicious/noTemplateCurlyInString: they are placeholders of Fn::Sub
import { describe, expect, test } from 'vitest';
import { resolve, type Scope } from '../../../src/local/template/resolve.ts';

const scope: Scope = {
  ref: (name) => ({ Table: 'the-table', 'AWS::Region': 'eu-west-1', Names: ['a', 'b'] })[name],
  attribute: (id, name) => `${id}/${name}`,
  imported: (name) => `imported ${name}`,
  condition: (name) => name === 'Yes',
};

describe('a template’s functions', () => {
  test.each([
    ['Ref', { Ref: 'Table' }, 'the-table'],
    ['GetAtt as a list', { 'Fn::GetAtt': ['Table', 'Arn'] }, 'Table/Arn'],
    ['GetAtt as text', { 'Fn::GetAtt': 'Table.Stream.Arn' }, 'Table/Stream.Arn'],
    ['Join', { 'Fn::Join': ['-', ['a', { Ref: 'Table' }, 3]] }, 'a-the-table-3'],
    ['Join of a list that is referred to', { 'Fn::Join': [',', { Ref: 'Names' }] }, 'a,b'],
    [
      'Sub',
      { 'Fn::Sub': 'x-${AWS::Region}-${Table}-${Table.Arn}' },
      'x-eu-west-1-the-table-Table/Arn',
    ],
    [
      'Sub with names of its own',
      { 'Fn::Sub': ['${A}${Table}', { A: { Ref: 'Table' } }] },
      'the-tablethe-table',
    ],
    ['Sub of what is escaped', { 'Fn::Sub': '${!Literal}' }, '${Literal}'],
    ['Select', { 'Fn::Select': [1, ['a', { Ref: 'Table' }]] }, 'the-table'],
    ['Select by text', { 'Fn::Select': ['0', { 'Fn::Split': ['-', 'a-b'] }] }, 'a'],
    ['Split', { 'Fn::Split': ['/', { 'Fn::GetAtt': ['A', 'B'] }] }, ['A', 'B']],
    ['ImportValue', { 'Fn::ImportValue': 'Data:X' }, 'imported Data:X'],
    ['If', { 'Fn::If': ['Yes', { Ref: 'Table' }, 'no'] }, 'the-table'],
    ['If not', { 'Fn::If': ['No', { Ref: 'Missing' }, 'no'] }, 'no'],
    ['Equals', { 'Fn::Equals': [{ Ref: 'Table' }, 'the-table'] }, true],
    [
      'And, Or, Not',
      {
        'Fn::And': [
          { 'Fn::Or': [{ Condition: 'No' }, { Condition: 'Yes' }] },
          { 'Fn::Not': [{ Condition: 'No' }] },
        ],
      },
      true,
    ],
  ])('%s', (_, value, expected) => {
    expect(resolve({ deep: [value] }, scope)).toEqual({ deep: [expected] });
  });

  test('NoValue leaves a property out, and an item of a list', () => {
    const none = { Ref: 'AWS::NoValue' };
    expect(resolve({ a: none, b: [1, none, 2], c: { 'Fn::If': ['No', 1, none] } }, scope)).toEqual({
      b: [1, 2],
    });
  });

  test('a block of conditions in a policy is no function', () => {
    const statement = { Condition: { Bool: { 'aws:SecureTransport': 'false' } } };
    expect(resolve(statement, scope)).toEqual(statement);
  });

  test.each([
    ['one that is not known', { 'Fn::GetAZs': '' }, /Fn::GetAZs is not known/],
    ['a Join of what is no text', { 'Fn::Join': ['', [{}]] }, /Fn::Join takes text/],
    ['a Select past the end', { 'Fn::Select': [2, ['a']] }, /no item 2/],
  ])('%s is an error', (_, value, message) => {
    expect(() => resolve(value, scope)).toThrow(message);
  });
});
