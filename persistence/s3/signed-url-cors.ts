/** What pages of any origin may do with signed URLs, which say themselves who may: get and put content, and read what it is. */
export const signedUrlCors = {
  origins: ['*'],
  methods: ['GET', 'HEAD', 'PUT'],
  headers: ['content-type', 'content-md5', 'range', 'x-amz-checksum-sha256'],
  exposed: ['ETag', 'Content-Range'],
  /** In seconds. */
  maxAge: 3600,
} as const;
