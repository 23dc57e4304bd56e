/** `npm run rpc-compat -- FOLDER`: every recorded conversation below a folder against our own node, as hive would hold it. */
import { existsSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { listConversations, readConversation } from './conversation.ts'
import { failureOf } from './run.ts'
import { EXECUTION_APIS, startSuiteNode } from './server.ts'

// npm runs scripts in the project's folder, whatever folder it was called in.
const folder = resolve(process.env.INIT_CWD ?? '.', process.argv[2] ?? EXECUTION_APIS)
const paths = listConversations(folder)
if (paths.length === 0) throw new Error(`there are no conversations (.io, .io.gz) below ${folder}`)
// A folder of conversations alone is about the chain of the fixtures.
const hasChain = existsSync(join(folder, 'chain.rlp')) && existsSync(join(folder, 'genesis.json'))
const node = await startSuiteNode(hasChain ? folder : EXECUTION_APIS)
let passed = 0
for (const path of paths) {
  const failure = await failureOf(node.rpc.url, readConversation(folder, path)).catch((error) =>
    error instanceof Error ? error.message : String(error),
  )
  if (failure === undefined) passed++
  else console.log(`FAILED ${path}: ${failure}`)
}
await node.close()
const failed = paths.length - passed
console.log(`${passed} passed, ${failed} failed`)
process.exitCode = failed === 0 ? 0 : 1
