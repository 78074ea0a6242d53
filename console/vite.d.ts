interface ImportMetaEnv {
  /** Paths of the schemas, from the console's address on. */
  readonly SCHEMA_R4: string;
  readonly SCHEMA_STU3: string;
}
