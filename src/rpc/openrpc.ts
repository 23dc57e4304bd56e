/**
 * The OpenRPC document (https://spec.open-rpc.org), made from the schemas that the methods parse and answer by. Shapes with an id
 * are components; the same methods give the same text.
 */
import { z } from 'zod'
import type { Json } from './json.ts'
import type { MethodDescription, Methods } from './method.ts'

const OPENRPC_VERSION = '1.3.2'
const COMPONENTS = '#/components/schemas/'

export function openRpcDocument(methods: Methods, version: string): Json {
  const schemas: Record<string, unknown> = {}
  const described = Object.entries(methods)
    .sort(byName)
    .map(([name, { description }]) => methodJson(name, description, schemas))
  return {
    openrpc: OPENRPC_VERSION,
    info: { title: 'Plumbline JSON-RPC', version, license: { name: 'MIT' } },
    methods: described,
    components: { schemas: Object.fromEntries(Object.entries(schemas).sort(byName)) },
  }
}

function methodJson(
  name: string,
  { summary, params, result }: MethodDescription,
  schemas: Record<string, unknown>,
): Json {
  return {
    name,
    summary,
    paramStructure: 'by-position',
    params: Object.entries(params).map(([param, schema]) => ({
      name: param,
      required: !schema.safeParse(undefined).success,
      schema: schemaJson(schema, schemas),
    })),
    result: { name: 'result', schema: schemaJson(result, schemas) },
  }
}

/** What a client may send or gets: of a parameter the text, not what it is parsed to. Adds what has an id to `schemas`. */
function schemaJson(schema: z.ZodType, schemas: Record<string, unknown>): Json {
  const {
    $schema: _,
    definitions,
    ...json
  } = z.toJSONSchema(schema, {
    io: 'input',
    target: 'draft-7',
    unrepresentable: 'any',
  })
  Object.assign(schemas, withComponents(definitions ?? {}))
  return withComponents(json)
}

function withComponents(json: object): Json {
  const text = JSON.stringify(json).replaceAll('"$ref":"#/definitions/', `"$ref":"${COMPONENTS}`)
  return JSON.parse(text) as Json
}

function byName([a]: [string, unknown], [b]: [string, unknown]): number {
  return a < b ? -1 : 1
}
