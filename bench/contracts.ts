/** Contracts of the block benchmark, compiled when it starts: an ERC-20 token, a constant-product pair, and our own Anchor. */
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { toWord } from '../src/primitives/bytes.ts'
import { hexToBytes } from '../src/primitives/hex.ts'

const CONTRACTS = join(import.meta.dirname, '../contracts/src')

/** As common tokens are: checked arithmetic, an event per transfer. Slots: balances 0, allowances 1. */
const TOKEN = `// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;
contract Token {
    mapping(address => uint256) public balanceOf;
    mapping(address => mapping(address => uint256)) public allowance;
    event Transfer(address indexed from, address indexed to, uint256 value);

    function transfer(address to, uint256 value) external returns (bool) {
        _move(msg.sender, to, value);
        return true;
    }

    function transferFrom(address from, address to, uint256 value) external returns (bool) {
        allowance[from][msg.sender] -= value;
        _move(from, to, value);
        return true;
    }

    function _move(address from, address to, uint256 value) private {
        balanceOf[from] -= value;
        balanceOf[to] += value;
        emit Transfer(from, to, value);
    }
}`

/** Uniswap v2's arithmetic: 0.3 % fee, reserves in one slot. Slots: reserves 0. */
const PAIR = `// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;
interface IToken {
    function transfer(address to, uint256 value) external returns (bool);
    function transferFrom(address from, address to, uint256 value) external returns (bool);
    function balanceOf(address owner) external view returns (uint256);
}
contract Pair {
    uint112 private _reserve0;
    uint112 private _reserve1;
    IToken private immutable _token0;
    IToken private immutable _token1;
    event Swap(address indexed sender, uint256 amountIn, uint256 amountOut, bool zeroForOne);
    event Sync(uint112 reserve0, uint112 reserve1);

    constructor(IToken token0, IToken token1) {
        _token0 = token0;
        _token1 = token1;
    }

    function swap(uint256 amountIn, bool zeroForOne) external returns (uint256 amountOut) {
        (uint256 reserveIn, uint256 reserveOut) = zeroForOne ? (_reserve0, _reserve1) : (_reserve1, _reserve0);
        (IToken tokenIn, IToken tokenOut) = zeroForOne ? (_token0, _token1) : (_token1, _token0);
        require(tokenIn.transferFrom(msg.sender, address(this), amountIn));
        uint256 withFee = amountIn * 997;
        amountOut = (withFee * reserveOut) / (reserveIn * 1000 + withFee);
        require(tokenOut.transfer(msg.sender, amountOut));
        _reserve0 = uint112(_token0.balanceOf(address(this)));
        _reserve1 = uint112(_token1.balanceOf(address(this)));
        emit Sync(_reserve0, _reserve1);
        emit Swap(msg.sender, amountIn, amountOut, zeroForOne);
    }
}`

/** What no storage slows: hashes and 256-bit arithmetic, some 400 gas a round. Slots: the last result 0. */
const COMPUTE = `// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;
contract Compute {
    uint256 private constant PRIME = 0xfffffffffffffffffffffffffffffffffffffffffffffffffffffffefffffc2f;
    uint256 private _last;

    function run(uint256 rounds) external {
        uint256 x = _last | 1;
        for (uint256 i = 0; i < rounds; i++) {
            x = mulmod(x, uint256(keccak256(abi.encode(x, i))), PRIME) ^ i;
        }
        _last = x;
    }
}`

type Output = {
  readonly errors?: readonly { readonly severity: string; readonly formattedMessage: string }[]
  readonly contracts: Readonly<
    Record<
      string,
      Readonly<
        Record<
          string,
          {
            readonly evm: {
              readonly deployedBytecode: {
                readonly object: string
                readonly immutableReferences: Readonly<Record<string, readonly { readonly start: number }[]>>
              }
            }
          }
        >
      >
    >
  >
}

/** Code as it stands on the chain; `immutables` fill the contract's immutable words in the order of their declaration. */
export type CompiledContract = (immutables?: readonly bigint[]) => Uint8Array

export function compileContracts(): Readonly<
  Record<'Token' | 'Pair' | 'Compute' | 'Anchor', CompiledContract>
> {
  const solc = createRequire(import.meta.url)('solc') as { compile(input: string): string }
  const read = (path: string) => ({ content: readFileSync(join(CONTRACTS, path), 'utf8') })
  const input = {
    language: 'Solidity',
    sources: {
      'Token.sol': { content: TOKEN },
      'Pair.sol': { content: PAIR },
      'Compute.sol': { content: COMPUTE },
      'l2/Anchor.sol': read('l2/Anchor.sol'),
      'shared/ICheckpointStore.sol': read('shared/ICheckpointStore.sol'),
    },
    settings: {
      evmVersion: 'shanghai',
      optimizer: { enabled: true, runs: 200 },
      outputSelection: { '*': { '*': ['evm.deployedBytecode'] } },
    },
  }
  const output = JSON.parse(solc.compile(JSON.stringify(input))) as Output
  for (const { severity, formattedMessage } of output.errors ?? [])
    if (severity === 'error') throw new Error(formattedMessage)
  const contract =
    (file: string, name: string): CompiledContract =>
    (immutables = []) => {
      const compiled = output.contracts[file]?.[name]
      if (compiled === undefined) throw new Error(`${name} was not compiled`)
      const { object, immutableReferences } = compiled.evm.deployedBytecode
      const code = hexToBytes(`0x${object}`)
      // The keys are ids of the declarations, which grow with their order in the source.
      const places = Object.keys(immutableReferences).sort((a, b) => Number(a) - Number(b))
      for (const [i, place] of places.entries())
        for (const { start } of immutableReferences[place] ?? []) code.set(toWord(immutables[i] ?? 0n), start)
      return code
    }
  return {
    Token: contract('Token.sol', 'Token'),
    Pair: contract('Pair.sol', 'Pair'),
    Compute: contract('Compute.sol', 'Compute'),
    Anchor: contract('l2/Anchor.sol', 'Anchor'),
  }
}
