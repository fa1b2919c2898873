/**
 * The card side's protocols, for the plugin itself, the simulated acquirer and the simulated devices:
 * ISO 8583 (UnionPay dialect), BER-TLV, and the DES-based card cryptography.
 */
export { concatBytes, equalBytes, fromHex, toHex } from './protocol/bytes.js';
export { FIELDS, type FieldFormat } from './protocol/fields.js';
export { decode, encode, frame, FrameReader, Iso8583Error, macInput, type Iso8583Fault, type Iso8583Message } from './protocol/iso8583.js';
export { decodeTlv, encodeTlv, TlvError, tlvEntries, type TlvEntry, type TlvMap } from './protocol/tlv.js';
export {
  applicationCryptogram,
  arpc,
  checkValue,
  cryptogramData,
  deriveCardKey,
  desEcb,
  pinBlockFormat0,
  pinFromBlock,
  retailMac,
  sessionKey,
  unionpayEcbMac,
} from './protocol/card-crypto.js';
export { luhnValid, maskPan } from './protocol/pan.js';
