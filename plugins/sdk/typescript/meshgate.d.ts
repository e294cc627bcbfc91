/**
 * The host's modules, as TypeScript sees them. `host` is always there; each of the others is a capability, which the world in
 * `wit/` must import and the platform must grant.
 *
 * Deliberately absent: anything that the contract (`meshgate-plugin.wit`) does not have.
 */

declare module "meshgate:plugin/host@0.1.0" {
  /** Bounded: 64 lines of 4 KiB are kept of a call. */
  export function log(level: "debug" | "info" | "warning" | "error", message: string): void;
}

declare module "meshgate:plugin/files@0.1.0" {
  export interface Entry {
    name: string;
    isFolder: boolean;
    size: bigint;
  }
  /** Throws `{ tag: "not-found" | "wrong-kind" | "too-large" | "failed" }`; a path that leads out ends the call. */
  export function read(folder: string, path: string): Uint8Array;
  export function list(folder: string, path: string): Entry[];
}

declare module "meshgate:plugin/data@0.1.0" {
  /** JSON text of what stands at a path, as in `org/glossary/terms`. */
  export function read(path: string): string | undefined;
}

declare module "meshgate:plugin/clock@0.1.0" {
  /** Nanoseconds since 1970-01-01T00:00:00Z. */
  export function now(): bigint;
}

declare module "meshgate:plugin/random@0.1.0" {
  /** Up to 65,536 bytes. */
  export function bytes(length: number): Uint8Array;
}
