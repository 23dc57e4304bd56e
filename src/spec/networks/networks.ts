/** The networks by name. */
import type { Network } from './network.ts'
import { taikoHoodiNetwork } from './taikoHoodi.ts'
import { taikoMainnetNetwork } from './taikoMainnet.ts'

export const NETWORKS: Readonly<Record<string, Network>> = {
  'taiko-mainnet': taikoMainnetNetwork,
  'taiko-hoodi': taikoHoodiNetwork,
}
