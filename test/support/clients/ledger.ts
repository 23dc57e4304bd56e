/** Ledger.sol, compiled when it is asked for. */
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import type { Hex } from '../../../src/primitives/hex.ts'

const FILE = join(import.meta.dirname, 'Ledger.sol')

export const LEDGER_ABI = [
  { type: 'constructor', stateMutability: 'payable', inputs: [{ name: 'start', type: 'uint256' }] },
  { type: 'receive', stateMutability: 'payable' },
  {
    type: 'event',
    name: 'Noted',
    inputs: [
      { name: 'who', type: 'address', indexed: true },
      { name: 'kind', type: 'uint256', indexed: true },
      { name: 'value', type: 'uint256', indexed: false },
    ],
  },
  {
    type: 'error',
    name: 'TooMuch',
    inputs: [
      { name: 'given', type: 'uint256' },
      { name: 'most', type: 'uint256' },
    ],
  },
  view('total', []),
  view('sumOf', [{ name: 'who', type: 'address' }]),
  {
    type: 'function',
    name: 'note',
    stateMutability: 'payable',
    inputs: [{ name: 'value', type: 'uint256' }],
    outputs: [{ type: 'uint256' }],
  },
  { type: 'function', name: 'fail', stateMutability: 'nonpayable', inputs: [], outputs: [] },
  {
    type: 'function',
    name: 'divide',
    stateMutability: 'pure',
    inputs: [{ name: 'by', type: 'uint256' }],
    outputs: [{ type: 'uint256' }],
  },
] as const

function view<N extends string, I extends readonly object[]>(name: N, inputs: I) {
  return { type: 'function', name, stateMutability: 'view', inputs, outputs: [{ type: 'uint256' }] } as const
}

export function compileLedger(): { readonly bytecode: Hex; readonly runtime: Hex } {
  const solc = createRequire(import.meta.url)('solc') as { compile(input: string): string }
  const output = JSON.parse(
    solc.compile(
      JSON.stringify({
        language: 'Solidity',
        sources: { 'Ledger.sol': { content: readFileSync(FILE, 'utf8') } },
        settings: {
          evmVersion: 'shanghai',
          optimizer: { enabled: true },
          outputSelection: { '*': { '*': ['evm.bytecode.object', 'evm.deployedBytecode.object'] } },
        },
      }),
    ),
  )
  const { evm } = output.contracts['Ledger.sol'].Ledger
  return { bytecode: `0x${evm.bytecode.object}`, runtime: `0x${evm.deployedBytecode.object}` }
}
