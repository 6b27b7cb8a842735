/** The shells that calve has a completion script for. */
export const SHELLS = ['bash', 'zsh', 'fish'] as const;
