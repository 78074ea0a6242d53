interface ImportMetaEnv {
  /** Paths of what the build ships beside the scripts, from the console's address on. */
  readonly SCHEMA_APPSYNC_R4: string;
  readonly SCHEMA_APPSYNC_STU3: string;
  readonly SCHEMA_OPERATION_R4: string;
  readonly SCHEMA_OPERATION_STU3: string;
  readonly REQUESTS: string;
}
