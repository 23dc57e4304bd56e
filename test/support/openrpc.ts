/** The OpenRPC document as a judge of what is asked and answered; another validator than the one that the code parses with. */
import { Ajv, type ValidateFunction } from 'ajv'
import type { CallContext, Methods } from '../../src/rpc/method.ts'
import { describeMethods } from '../../src/rpc/methods.ts'
import { openRpcDocument } from '../../src/rpc/openrpc.ts'

type Content = { readonly name: string; readonly required?: boolean; readonly schema: object }
type Described = { readonly name: string; readonly params: readonly Content[]; readonly result: Content }

export const openRpc = openRpcDocument(describeMethods(), 'test') as unknown as {
  readonly methods: readonly Described[]
  readonly components: object
}

const ajv = new Ajv({ allErrors: true, strictTypes: false })
ajv.addKeyword('components')
ajv.addSchema({ $id: 'openrpc', components: openRpc.components })
const compiled = new Map<object, ValidateFunction>()
const answered = new Set<string>()

/** Throws where the answer is not what the document says. An answer of null says little, and counts for nothing in `answeredMethods`. */
export function checkAnswer(method: string, result: unknown): void {
  const problem = problemOf(described(method).result.schema, result)
  if (problem !== undefined) throw new Error(`${method} answered what its schema does not say: ${problem}`)
  if (result !== null) answered.add(method)
}

/** The same methods, whose answers are looked at. */
export function checkedMethods<M extends Methods>(methods: M): M {
  return Object.fromEntries(
    Object.entries(methods).map(([name, method]) => [
      name,
      {
        ...method,
        call: async (params: readonly unknown[], context: CallContext) => {
          const result = (await method.call(params, context)) ?? null
          checkAnswer(name, result)
          return result
        },
      },
    ]),
  ) as M
}

/** What the document has against the parameters; undefined when it takes them. */
export function refuseParams(method: string, params: readonly unknown[]): string | undefined {
  const wanted = described(method).params
  if (params.length > wanted.length) return `at most ${wanted.length} parameters`
  for (const [index, { name, required, schema }] of wanted.entries()) {
    const given = params[index] ?? undefined
    const problem = given === undefined ? (required ? 'is required' : undefined) : problemOf(schema, given)
    if (problem !== undefined) return `${name} ${problem}`
  }
  return undefined
}

/** Methods that gave an answer since the start of the process. */
export function answeredMethods(): ReadonlySet<string> {
  return answered
}

function described(method: string): Described {
  const found = openRpc.methods.find(({ name }) => name === method)
  if (found === undefined) throw new Error(`${method} is not in the OpenRPC document`)
  return found
}

function problemOf(schema: object, value: unknown): string | undefined {
  const validate = compiled.get(schema) ?? ajv.compile(withRefs(schema))
  compiled.set(schema, validate)
  if (validate(value)) return undefined
  const text = JSON.stringify(value).slice(0, 1000)
  return `${ajv.errorsText(validate.errors, { dataVar: '' })}: ${text}`
}

function withRefs(schema: object): object {
  return JSON.parse(JSON.stringify(schema).replaceAll('"#/components', '"openrpc#/components')) as object
}
