/** The OpenRPC document says what the code says; docs/openrpc.json is what it says now. `UPDATE_DOCS=1` writes it. */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test, vi } from 'vitest'
import { openrpcCommand } from '../../../src/cli/commands/openrpc.ts'
import { VERSION } from '../../../src/node.ts'
import { describeMethods } from '../../../src/rpc/methods.ts'
import { openRpcDocument } from '../../../src/rpc/openrpc.ts'

const FILE = join(import.meta.dirname, '../../../docs/openrpc.json')

type Document = {
  readonly methods: readonly {
    readonly name: string
    readonly summary: string
    readonly params: readonly { readonly name: string; readonly required: boolean }[]
  }[]
  readonly components: { readonly schemas: Readonly<Record<string, unknown>> }
}

const methods = describeMethods()
const document = openRpcDocument(methods, VERSION) as unknown as Document

test('every method is described', () => {
  const described = document.methods.map(({ name }) => name)
  expect(described).toEqual(Object.keys(methods).sort())
  expect(described.length).toBeGreaterThan(60)
})

test('a summary is one sentence', () => {
  for (const { name, summary } of document.methods) expect(summary, name).toMatch(/^[A-Z].{10,140}\.$/)
})

test('no parameter is required after one that is not', () => {
  for (const { name, params } of document.methods) {
    const required = params.map((param) => param.required)
    expect(required, name).toEqual([...required].sort((a, b) => Number(b) - Number(a)))
  }
})

test('every reference leads to a component, and every component is used', () => {
  const text = JSON.stringify(document)
  const used = new Set([...text.matchAll(/"\$ref":"#\/components\/schemas\/(\w+)"/g)].map(([, name]) => name))
  expect(text.match(/"\$ref":"(?!#\/components\/schemas\/)/)).toBeNull()
  expect([...used].sort()).toEqual(Object.keys(document.components.schemas).sort())
})

test('docs/openrpc.json is up to date', () => {
  const text = `${JSON.stringify(document, null, 2)}\n`
  if (process.env.UPDATE_DOCS === '1') writeFileSync(FILE, text)
  expect(readFileSync(FILE, 'utf8')).toBe(text)
})

test('plumbline openrpc prints it', async () => {
  const print = vi.spyOn(console, 'log').mockImplementation(() => {})
  await openrpcCommand().parseAsync([], { from: 'user' })
  const printed = print.mock.calls.map(([text]) => `${text}\n`)
  print.mockRestore()
  expect(printed).toEqual([readFileSync(FILE, 'utf8')])
})
