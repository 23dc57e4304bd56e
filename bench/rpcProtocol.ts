/** What both halves of the RPC benchmark know. */
import { TOKENS } from './workloads.ts'

/** Number of the newest block. */
export const BLOCKS = 2_001
export const TOKEN = TOKENS[0] as `0x${string}`
/** `balanceOf(address)` of a recipient that has some. */
export const BALANCE_OF = `0x70a08231${(0x10_0000_0000).toString(16).padStart(64, '0')}` as const

export type ToNode =
  | { readonly type: 'cpu' }
  | { readonly type: 'direct'; readonly seconds: number }
  | { readonly type: 'end' }
export type FromNode =
  | { readonly type: 'ready'; readonly url: string; readonly plainUrl: string }
  /** Microseconds of CPU the node's process has used. */
  | { readonly type: 'cpu'; readonly us: number }
  | { readonly type: 'direct'; readonly perSecond: number }
