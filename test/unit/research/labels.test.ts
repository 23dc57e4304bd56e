/** Labels files: two forms of one thing, read strictly. */
import { expect, test } from 'vitest'
import { parseLabels } from '../../../src/research/dataset/labels.ts'

const [ONE, TWO] = [`0x${'ab'.repeat(20)}`, `0x${'01'.repeat(20)}`]
const LABELS = [
  { address: TWO, label: 'Second', source: 'https://example.org' },
  { address: ONE, label: 'First', source: 'its own page' },
]

test('reads CSV and JSON alike, by address, in lower case', () => {
  const csv = `address,label,source\n${ONE.toUpperCase().replace('0X', '0x')},First,its own page\r\n${TWO},Second,https://example.org\n`
  expect(parseLabels(csv, 'labels.csv')).toEqual(LABELS)
  expect(parseLabels(JSON.stringify(LABELS.toReversed()), 'labels.json')).toEqual(LABELS)
})

test('place and host may be there, and may be empty', () => {
  const csv = `address,label,source,country,host\n${ONE},First,its own page,CH,\n${TWO},Second,https://example.org,,one\n`
  const [second, first] = LABELS
  expect(parseLabels(csv, 'labels.csv')).toEqual([
    { ...second, host: 'one' },
    { ...first, country: 'CH' },
  ])
})

test.each([
  [
    'address,label\n',
    'labels file f: its first line must be address,label,source or address,label,source,country,host',
  ],
  [`address,label,source,country,host\n${ONE},a,b\n`, 'line 2 must have 5 fields'],
  [`address,label,source\n${ONE},a,b,c\n`, 'line 2 must have 3 fields'],
  [`address,label,source\n${ONE},"a",b\n`, 'line 2 must have 3 fields without quotes'],
  [`address,label,source\n${ONE},a,b\n0x12,a,b\n`, 'entry 2: address must be an address'],
  [`address,label,source\n${ONE},,b\n`, 'entry 1: label'],
  [`address,label,source\n${ONE},a,b\n${ONE},a,b\n`, `${ONE} is there twice`],
  ['[', 'it is not valid JSON'],
  [`[{"address":"${ONE}","label":"a","source":"b","more":1}]`, 'entry 1'],
])('refuses %j', (text, reason) => expect(() => parseLabels(text, 'f')).toThrow(reason))
