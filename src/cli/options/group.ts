/** A group of options that a command declares and reads as a whole. */
import type { Option } from 'commander';
import type { OptionIo } from '../io.js';
import type { TypedOption } from './declare.js';
import type { Given } from './given.js';

type Declared = Readonly<Record<string, TypedOption<unknown>>>;

type Values<D extends Declared> = {
  readonly [K in keyof D]: D[K] extends TypedOption<infer T> ? T : never;
};

export interface OptionGroup<T> {
  readonly options: readonly Option[];
  /** @throws TransferError `usage` for values that do not fit together */
  read(given: Given, io: OptionIo): T;
}

/** Declares options. `shape` makes of their values what the command works with. */
export function optionGroup<D extends Declared>(declared: D): OptionGroup<Values<D>>;
export function optionGroup<D extends Declared, T>(
  declared: D,
  shape: (values: Values<D>, given: Given, io: OptionIo) => T,
): OptionGroup<T>;
export function optionGroup<D extends Declared>(
  declared: D,
  shape: (values: Values<D>, given: Given, io: OptionIo) => unknown = (values) => values,
): OptionGroup<unknown> {
  return {
    options: Object.values(declared),
    read(given, io) {
      const entries = Object.entries(declared).map(([key, option]) => [key, given.value(option)]);
      return shape(Object.fromEntries(entries) as Values<D>, given, io);
    },
  };
}

export type Groups = Readonly<Record<string, OptionGroup<unknown>>>;

/** The values that a command reads: each of its groups under the group's name, and no other. */
export type OptionsOf<G extends Groups> = {
  readonly [K in keyof G]: G[K] extends OptionGroup<infer T> ? T : never;
};

/** @throws TransferError `usage` */
export function readGroups<G extends Groups>(groups: G, given: Given, io: OptionIo): OptionsOf<G> {
  const entries = Object.entries(groups).map(([name, group]) => [name, group.read(given, io)]);
  return Object.fromEntries(entries) as OptionsOf<G>;
}
