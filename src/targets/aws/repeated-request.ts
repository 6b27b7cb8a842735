/**
 * Requests of which there are thousands, and which differ in a few headers only: the parts of an upload. The SDK's chain
 * of middleware builds each anew, for more than Node's whole HTTP takes (docs/benchmarks.md). Here it builds the first,
 * up to the signature, as the SDK's own presigner does; the others are copies of it with their own headers, signed by
 * the client's signer and sent by its handler. An answer that is no success goes back through the whole chain, which
 * makes the same error of it as ever.
 */
import { randomUUID } from 'node:crypto';
import type { Readable } from 'node:stream';
import type { HttpRequest } from '@smithy/core/transport';
import type { PartBody } from './part-body.js';

/** What differs from request to request. */
interface Variation {
  readonly headers: Readonly<Record<string, string>>;
  readonly query?: Readonly<Record<string, string>>;
  readonly body: PartBody['content'];
}

export interface Answer {
  readonly statusCode: number;
  /** By lower-case name. */
  readonly headers: Readonly<Record<string, string | undefined>>;
}

interface WireResponse extends Answer {
  readonly body: Readable;
}

interface SendOptions {
  readonly abortSignal?: AbortSignal;
}

/** For whom is signed, where the signer is not to choose. */
interface Scope {
  readonly signingRegion?: string;
  readonly signingService?: string;
}

type SignedRequest = Pick<HttpRequest, 'headers'>;

interface Signer {
  sign(request: HttpRequest, how: Scope & { readonly signingDate: Date }): Promise<SignedRequest>;
}

/** What is used here of an SDK's client. */
interface Client {
  readonly config: {
    readonly requestHandler: {
      handle(request: SignedRequest, options: SendOptions): Promise<{ response: WireResponse }>;
    };
    signer(authScheme?: unknown): Promise<Signer>;
    /** Learned from the clock in the service's answers. */
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

/** What is used here of an SDK's command. */
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

/** The SDK's own types tell steps of each kind and command apart; these serve any. */
function addStep(
  { middlewareStack }: Command,
  step: (next: Step, context: StepContext) => Step,
  options: StepOptions,
): void {
  middlewareStack.add(step as never, options as never);
}

const BEFORE_SIGNING: StepOptions = { step: 'finalizeRequest', priority: 'high', name: 'template' };
const NEXT_TO_THE_WIRE: StepOptions = { step: 'deserialize', priority: 'low', name: 'answer' };

/**
 * Lets the chain build the request, up to the signature, and ends it there.
 * @returns null where requests are signed in another way than with the account's own key (directory buckets,
 * access points of several regions)
 */
async function templateOf(client: Client, command: Command): Promise<Template | null> {
  const found: { request: HttpRequest; context: StepContext }[] = [];
  const catchIt = (_: Step, context: StepContext): Step => {
    return async ({ request }) => {
      found.push({ request: request as HttpRequest, context });
      return { response: null, output: { $metadata: {} } };
    };
  };
  addStep(command, catchIt, BEFORE_SIGNING);
  await client.send(command, {});
  const [{ request, context } = {}] = found;
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

/** The command as the whole chain sends it. @returns the answer before anything was made of it */
async function sendWhole(client: Client, command: Command, options: SendOptions): Promise<Answer> {
  const answers: Answer[] = [];
  const keepIt = (next: Step): Step => {
    return async (args) => {
      const result = await next(args);
      answers.push(result.response as Answer);
      return result;
    };
  };
  addStep(command, keepIt, NEXT_TO_THE_WIRE);
  await client.send(command, options);
  return answers.at(-1) as Answer;
}

async function sendCopy(
  { config }: Client,
  template: Template,
  variation: Variation,
  options: SendOptions,
): Promise<WireResponse> {
  const copy = template.request.clone();
  Object.assign(copy.headers, variation.headers, { 'amz-sdk-invocation-id': randomUUID() });
  copy.query = { ...copy.query, ...variation.query };
  copy.body = variation.body;
  const signingDate = new Date(Date.now() + config.systemClockOffset);
  const signed = await template.signer.sign(copy, { ...template.scope, signingDate });
  return (await config.requestHandler.handle(signed, options)).response;
}

/** Reads a success to its end, so that the connection is free again. @throws when it breaks off */
async function drain(body: Readable): Promise<void> {
  for await (const _ of body);
}

/** The latest kind of each client's. */
const templates = new WeakMap<
  Client,
  { readonly key: string; readonly template: Promise<Template | null> }
>();

function templateFor(client: Client, { key, command }: Repetition): Promise<Template | null> {
  const latest = templates.get(client);
  if (latest?.key === key) return latest.template;
  const template = templateOf(client, command());
  const made = { key, template };
  templates.set(client, made);
  // What failed now (credentials that were not there) is tried anew with the next request.
  template.catch(() => templates.get(client) === made && templates.delete(client));
  return template;
}

/** One of many requests. */
export interface Repetition {
  /** What the requests have in common beside the client: of these there is one template. */
  readonly key: string;
  /** Makes the command anew, because one can't be sent twice. */
  command(): Command;
  readonly variation: Variation;
}

/**
 * @returns an answer of status 2xx
 * @throws what the client throws when it sends the command
 */
export async function sendRepeated(
  client: Client,
  repetition: Repetition,
  options: SendOptions,
): Promise<Answer> {
  const { command, variation } = repetition;
  const template = await templateFor(client, repetition);
  if (template === null) return sendWhole(client, command(), options);
  const response = await sendCopy(client, template, variation, options);
  if (response.statusCode < 300) {
    await drain(response.body);
    return response;
  }
  const refused = command();
  const answered = (): Step => async () => ({ response, output: {} });
  addStep(refused, answered, NEXT_TO_THE_WIRE);
  await client.send(refused, options);
  return response;
}
