/** SHA-256. */
export type Hash = (bytes: Uint8Array) => Uint8Array;

/** Ed25519 over `message` with the private key in use; the key's id goes beside the signature. */
export type Sign = (message: Uint8Array) => {
  readonly kid: string;
  readonly signature: Uint8Array;
};

/** Whether `signature` is the Ed25519 signature of `message` under the key `kid`; false for an unknown key. */
export type Verify = (kid: string, message: Uint8Array, signature: Uint8Array) => boolean;
