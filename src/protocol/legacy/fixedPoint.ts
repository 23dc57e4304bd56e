/**
 * exp and ln of 18-decimal fixed-point numbers, bit for bit as Solady's FixedPointMathLib computes them in the anchor contract,
 * whose own result the block's base fee must equal. Rational approximations; the constants are the library's.
 * https://github.com/Vectorized/solady/blob/v0.1.26/src/utils/FixedPointMathLib.sol (expWad, lnWad)
 */
import { assert } from '../../primitives/assert.ts'

export const WAD = 10n ** 18n
/** Above this exp does not fit 256 bits. */
export const EXP_INPUT_MAX = 135_305_999_368_893_231_588n

const FIVE_POW_18 = 5n ** 18n
/** ln 2 in units of 2^-96. */
const LN_2 = 54916777467707473351141471128n

/** e^x · 10^18 for 0 ≤ x ≤ EXP_INPUT_MAX, both scaled by 10^18. */
export function expWad(wad: bigint): bigint {
  assert(wad >= 0n && wad <= EXP_INPUT_MAX, `exp of ${wad} is out of range`)
  const scaled = (wad << 78n) / FIVE_POW_18
  // x = scaled − k·ln 2, with k chosen so that |x| ≤ ln 2 / 2. `>>` rounds down, as the EVM's SAR does.
  const k = ((scaled << 96n) / LN_2 + (1n << 95n)) >> 96n
  const x = scaled - k * LN_2
  const y = (((x + 1346386616545796478920950773328n) * x) >> 96n) + 57155421227552351082224309758442n
  const p = (((y + x - 94201549194550492254356042504812n) * y) >> 96n) + 28719021644029726153956944680412240n
  const numerator = p * x + (4385272521454847904659076985693276n << 96n)
  const denominator = evaluate(x, x - 2855989394907223263936484059900n, [
    50020603652535783019961831881945n,
    -533845033583426703283633433725380n,
    3604857256930695427073651918091429n,
    -14423608567350463180887372962807573n,
    26449188498355588339934803723976023n,
  ])
  const quotient = numerator / denominator
  return (quotient * 3822833074963236453042738258902158003155416615667n) >> (195n - k)
}

/** ln(x) · 10^18 for x > 0 scaled by 10^18; may be negative. */
export function lnWad(wad: bigint): bigint {
  assert(wad > 0n, `ln of ${wad} is not defined`)
  const log2 = BigInt(wad.toString(2).length - 1)
  // x in [1, 2) · 2^96; the powers of two come back as k·ln 2.
  const x = (wad << (255n - log2)) >> 159n
  const p = evaluate(x, x + 3273285459638523848632254066296n, [
    24828157081833163892658089445524n,
    43456485725739037958740375743393n,
    -11111509109440967052023855526967n,
    -45023709667254063763336534515857n,
    -14706773417378608786704636184526n,
  ])
  const numerator = p * x - (795164235651350426258249787498n << 96n)
  const denominator = evaluate(x, x + 5573035233440673466300451813936n, [
    71694874799317883764090561454958n,
    283447036172924575727196451306956n,
    401686690394027663651624208769553n,
    204048457590392012362485061816622n,
    31853899698501571402653359427138n,
    909429971244387300277376558375n,
  ])
  const quotient = numerator / denominator
  const k = log2 - 96n
  const sum =
    1677202110996718588342820967067443963516166n * quotient +
    16597577552685614221487285958193947469193820559219878177908093499208371n * k +
    600920179829731861736702779321621459595472258049074101567377883020018308n
  return sum >> 174n
}

/** Horner's scheme in units of 2^-96: ((first·x + c₀)·x + c₁)·x + … */
function evaluate(x: bigint, first: bigint, coefficients: readonly bigint[]): bigint {
  return coefficients.reduce((value, coefficient) => ((value * x) >> 96n) + coefficient, first)
}
