import { expect, test } from 'vitest';
import { FieldNames, nameHash, plainName } from '../src/field-names.ts';
import { Fields } from '../src/fields.ts';
import { FieldSection } from '../src/http1/field-section.ts';
import { Lines } from '../src/http1/lines.ts';
import { randomFrom } from './support/random.ts';

/** Fields as they come from a socket. */
function scanned(text: string): Fields {
  const section = new FieldSection({ headerSize: 16_384, headerCount: 100 });
  const lines = new Lines();
  const bytes = Buffer.from(`${text}\r\n`, 'latin1');
  lines.add(bytes, 0, bytes.length);
  expect(section.read(lines)).toBe(true);
  return section.fields;
}

test('fields lose what they are asked to lose, whatever they were asked before', () => {
  const fields = scanned('A: 1\r\nB: 2\r\nC: 3\r\n').with('D', '4');
  const without = (...names: string[]) => fields.without(new FieldNames(names, { twins: false })).text;
  const a = new FieldNames(['a'], { twins: false });
  expect(fields.without(a).text).toBe('B: 2\r\nC: 3\r\nD: 4\r\n');
  expect(without('b', 'd')).toBe('A: 1\r\nC: 3\r\n');
  expect(fields.without(a).text).toBe('B: 2\r\nC: 3\r\nD: 4\r\n');
  expect(without()).toBe(fields.text);
  expect(fields.text).toBe('A: 1\r\nB: 2\r\nC: 3\r\nD: 4\r\n');
});

test('names are told apart by themselves, and not by the number that finds them', () => {
  // Anybody can make names of one number.
  expect(nameHash('Hou6', 0, 4)).toBe(nameHash('Host', 0, 4));
  const fields = scanned('Hou6: 1\r\nHost: 2\r\n');
  expect([fields.get('host'), fields.all('host'), fields.likeness('host')]).toEqual(['2', ['2'], 1]);
  for (const twins of [true, false]) {
    expect(fields.without(new FieldNames(['host'], { twins })).text).toBe('Hou6: 1\r\n');
    expect(fields.without(new FieldNames(['hou6'], { twins })).text).toBe('Host: 2\r\n');
  }
});

test('the number of a name is that of all its twins', () => {
  const random = randomFrom(1);
  for (let i = 0; i < 20_000; i += 1) {
    const name = Array.from({ length: 1 + random(8) }, () => "aZ09-_.!~'"[random(10)]).join('');
    const plain = plainName(name.toLowerCase());
    expect(nameHash(name, 0, name.length), name).toBe(nameHash(plain, 0, plain.length));
  }
});

test('the same fields are asked a question once, whatever they say to it', () => {
  let asked = 0;
  const hostOf = Fields.question((fields) => {
    asked += 1;
    return fields.get('host');
  });
  const countOf = Fields.question((fields) => fields.count);
  const named = new Fields(['Host', 'a']);
  const nameless = new Fields(['Accept', '*/*']);
  for (let i = 0; i < 3; i += 1) expect([hostOf(named), hostOf(nameless), countOf(named)]).toEqual(['a', undefined, 1]);
  expect(asked).toBe(2);
});
