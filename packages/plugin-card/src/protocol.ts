/**
 * The card side's protocols, for the plugin itself, the simulated acquirer and the simulated devices:
 * ISO 8583 (UnionPay dialect), BER-TLV, and the DES-based card cryptography.
 */
export {};
