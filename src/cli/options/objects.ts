/** Options for objects only: S3 and OBS. */
import { choice, flag, text, value, withVariables } from './declare.js';
import { optionGroup } from './group.js';
import { below, rare } from './headings.js';
import { tags } from './parsers.js';

/** Source: Amazon S3 API reference, CreateMultipartUpload (x-amz-server-side-encryption). */
const SSE_KINDS = ['AES256', 'aws:kms', 'aws:kms:dsse', 'kms'] as const;

const ENCRYPTION_AND_TAGS = withVariables({
  sse: choice('--sse <kind>', 'server-side encryption of objects', SSE_KINDS),
  sseKmsKeyId: text('--sse-kms-key-id <id>', "encrypt objects with this key (default: the account's own)"),
  tagging: value('--tagging <tags>', 'tags of an object, for example kind=backup&host=nas', tags),
  allowEmpty: flag('--allow-empty', 'make an object of a stream that has no bytes'),
});

export const objectOptions = optionGroup(
  below('Objects (S3, OBS):', {
    ...withVariables({
      storageClass: text('--storage-class <class>', 'storage class, as S3 or OBS names it'),
      noOverwrite: flag('--no-overwrite', 'keep an object that exists already (exit 17)'),
    }),
    ...rare(ENCRYPTION_AND_TAGS),
  }),
  (values, given) => {
    const { sse, sseKmsKeyId } = values;
    if (sseKmsKeyId !== null && (sse === null || sse === 'AES256')) {
      given.refuse('--sse-kms-key-id', 'a KMS key needs --sse aws:kms or aws:kms:dsse');
    }
    return values;
  },
);
