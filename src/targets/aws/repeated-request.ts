/**
 * Sends requests that differ in a few headers only: the parts of an upload, or small objects, of which there are thousands. The SDK's
 * middleware builds every request from the start, which takes more time than all of Node's HTTP (docs/benchmarks.md).
 * Here the middleware builds the first request, up to the signature, as the SDK's own presigner does. The others are
 * copies with headers of their own; the client's signer signs them, and its handler sends them. A response that is not a
 * success goes through the whole middleware, which turns it into the usual error.
 */
import { randomUUID } from 'node:crypto';
import type { Readable } from 'node:stream';
import type { HttpRequest } from '@smithy/core/transport';
import type { PartBody } from './part-body.js';

/** The fields in which the requests differ. */
interface Variation {
  readonly headers: Readonly<Record<string, string>>;
  readonly query?: Readonly<Record<string, string>>;
  /** Returns the path, from that of the template. */
  readonly path?: (templatePath: string) => string;
  readonly body: PartBody;
}

export interface ResponseHead {
  readonly statusCode: number;
  /** By lower-case name. */
  readonly headers: Readonly<Record<string, string | undefined>>;
}

interface HttpResponse extends ResponseHead {
  readonly body: Readable;
}

interface SendOptions {
  readonly abortSignal?: AbortSignal;
}

/** The region and service of a signature, if the signer must not choose them. */
interface Scope {
  readonly signingRegion?: string;
  readonly signingService?: string;
}

type SignedRequest = Pick<HttpRequest, 'headers'>;

interface Signer {
  sign(request: HttpRequest, options: Scope & { readonly signingDate: Date }): Promise<SignedRequest>;
}

/** The members of an SDK client that this module uses. */
interface Client {
  readonly config: {
    readonly requestHandler: {
      handle(request: SignedRequest, options: SendOptions): Promise<{ response: HttpResponse }>;
    };
    signer(authScheme?: unknown): Promise<Signer>;
    /** Milliseconds between the local clock and the date in the service's responses. */
    readonly systemClockOffset: number;
  };
  send(command: unknown, options: SendOptions): Promise<unknown>;
}

interface StepContext {
  readonly endpointV2?: { readonly properties?: { readonly authSchemes?: readonly { name?: string }[] } };
  readonly __smithy_context?: {
    readonly selectedHttpAuthScheme?: {
      readonly httpAuthOption: {
        readonly schemeId: string;
        readonly signingProperties?: { readonly signingRegion?: string; readonly signingName?: string };
      };
    };
  };
}

type Step = (args: { readonly request: unknown }) => Promise<{ response: unknown; output: object }>;

/** The member of an SDK command that this module uses. */
interface Command {
  readonly middlewareStack: { add(middleware: never, options: never): void };
}

interface StepOptions {
  readonly step: 'finalizeRequest' | 'deserialize';
  readonly priority: 'high' | 'low';
  readonly name: string;
}

interface Template {
  readonly request: HttpRequest;
  readonly signer: Signer;
  readonly scope: Scope;
}

/** Adds a middleware. The SDK has a type for each step and command; this function accepts any. */
function addStep(
  { middlewareStack }: Command,
  step: (next: Step, context: StepContext) => Step,
  options: StepOptions,
): void {
  middlewareStack.add(step as never, options as never);
}

const BEFORE_SIGNING: StepOptions = { step: 'finalizeRequest', priority: 'high', name: 'template' };
const CLOSEST_TO_HANDLER: StepOptions = { step: 'deserialize', priority: 'low', name: 'response' };

/**
 * Lets the middleware build the request up to the signature, and stops it there.
 * @returns null if requests are not signed with the account's own key (directory buckets, multi-region access points)
 */
async function templateOf(client: Client, command: Command): Promise<Template | null> {
  const built: { request: HttpRequest; context: StepContext }[] = [];
  const capture = (_: Step, context: StepContext): Step => {
    return async ({ request }) => {
      built.push({ request: request as HttpRequest, context });
      return { response: null, output: { $metadata: {} } };
    };
  };
  addStep(command, capture, BEFORE_SIGNING);
  await client.send(command, {});
  const [{ request, context } = {}] = built;
  const option = context?.__smithy_context?.selectedHttpAuthScheme?.httpAuthOption;
  const scheme = context?.endpointV2?.properties?.authSchemes?.[0];
  if (request === undefined || option?.schemeId !== 'aws.auth#sigv4') return null;
  if ((scheme?.name ?? 'sigv4') !== 'sigv4') return null;
  const { signingRegion, signingName } = option.signingProperties ?? {};
  const scope = {
    ...(signingRegion !== undefined && { signingRegion }),
    ...(signingName !== undefined && { signingService: signingName }),
  };
  return { request, signer: await client.config.signer(scheme), scope };
}

/** Sends the command through the whole middleware. @returns the response before the SDK parses it */
async function sendThroughSdk(client: Client, command: Command, options: SendOptions): Promise<ResponseHead> {
  const responses: ResponseHead[] = [];
  const keepResponse = (next: Step): Step => {
    return async (args) => {
      const result = await next(args);
      responses.push(result.response as ResponseHead);
      return result;
    };
  };
  addStep(command, keepResponse, CLOSEST_TO_HANDLER);
  await client.send(command, options);
  return responses.at(-1) as ResponseHead;
}

async function sendCopy(
  { config }: Client,
  template: Template,
  variation: Variation,
  options: SendOptions,
): Promise<HttpResponse> {
  const copy = template.request.clone();
  Object.assign(copy.headers, variation.headers, { 'amz-sdk-invocation-id': randomUUID() });
  copy.query = { ...copy.query, ...variation.query };
  copy.path = variation.path?.(copy.path) ?? copy.path;
  copy.body = variation.body;
  const signingDate = new Date(Date.now() + config.systemClockOffset);
  const signed = await template.signer.sign(copy, { ...template.scope, signingDate });
  return (await config.requestHandler.handle(signed, options)).response;
}

/** Reads a response to its end, so that the connection can be used again. @throws if the response is cut off */
async function drain(body: Readable): Promise<void> {
  for await (const _ of body);
}

/** Stands for the body in commands that only make the other fields of a request. */
const ANY_BODY = new Uint8Array(1);

/** The latest templates of each client, by their keys. */
const templates = new WeakMap<Client, Map<string, Promise<Template | null>>>();
/** More than the files that are sent at once. */
const TEMPLATES_MAX = 64;

function templateFor(client: Client, repetition: Repetition): Promise<Template | null> {
  const { key, command, template: templateCommand = command } = repetition;
  const known = templates.get(client) ?? new Map<string, Promise<Template | null>>();
  templates.set(client, known);
  const latest = known.get(key);
  if (latest !== undefined) return latest;
  const template = templateOf(client, templateCommand(ANY_BODY));
  known.set(key, template);
  const [oldest] = known.keys();
  if (known.size > TEMPLATES_MAX && oldest !== undefined) known.delete(oldest);
  // After a failure (missing credentials, for example) the next request builds the template again.
  template.catch(() => known.get(key) === template && known.delete(key));
  return template;
}

/** One of many similar requests. */
export interface Repetition {
  /** Identifies the requests of a client that are copies of one template. */
  readonly key: string;
  /** Creates a new command: no command can be sent twice. */
  command(body: Readable | Uint8Array): Command;
  /** Creates the command of the template, where it is not the same. */
  template?(body: Uint8Array): Command;
  readonly variation: Variation;
}

/**
 * Sends a request as a copy of the template for its key.
 * @returns a response with status 2xx
 * @throws the client's own errors
 */
export async function sendRepeated(
  client: Client,
  repetition: Repetition,
  options: SendOptions,
): Promise<ResponseHead> {
  const { command, variation } = repetition;
  const template = await templateFor(client, repetition);
  if (template === null) return sendThroughSdk(client, command(variation.body.stream()), options);
  const response = await sendCopy(client, template, variation, options);
  if (response.statusCode < 300) {
    await drain(response.body);
    return response;
  }
  const refused = command(ANY_BODY);
  const replay = (): Step => async () => ({ response, output: {} });
  addStep(refused, replay, CLOSEST_TO_HANDLER);
  await client.send(refused, options);
  return response;
}
