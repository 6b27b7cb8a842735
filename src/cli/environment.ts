/** The variables of the environment that a command reads, for --help and the manual. */
import type { Option } from 'commander';

export interface VariableRow {
  readonly names: readonly string[];
  readonly meaning: string;
}

const SERVICE: readonly VariableRow[] = [
  {
    names: [
      'AWS_PROFILE',
      'AWS_REGION',
      'AWS_ACCESS_KEY_ID',
      'AWS_SECRET_ACCESS_KEY',
      'AWS_SESSION_TOKEN',
      'AWS_ENDPOINT_URL',
      'AWS_CA_BUNDLE',
    ],
    meaning: 'credentials and region, as for the AWS tools',
  },
  {
    names: ['OBS_ACCESS_KEY_ID', 'OBS_SECRET_ACCESS_KEY', 'OBS_SECURITY_TOKEN'],
    meaning: 'credentials of obs://',
  },
  { names: ['HTTPS_PROXY', 'ALL_PROXY', 'NO_PROXY', 'http_proxy'], meaning: 'proxies, as for curl' },
];

const FOLDERS: VariableRow = {
  names: ['XDG_STATE_HOME', 'XDG_DATA_HOME'],
  meaning: 'folders of the state and the data, instead of ~/.local',
};

const TERMINAL: VariableRow = { names: ['NO_COLOR'], meaning: 'no colours on a terminal, if it is set' };

/** Returns the variables that a command with these options reads, those of the options first. */
export function environmentOf(options: readonly Option[]): readonly VariableRow[] {
  const has = (name: string): boolean => options.some(({ long }) => long === name);
  const [first] = options.filter(({ envVar }) => envVar !== undefined);
  const ofOptions = {
    names: [first?.envVar ?? ''],
    meaning: `sets ${first?.long}; likewise for each option with (env)`,
  };
  return [
    ...(first === undefined ? [] : [ofOptions]),
    ...(has('--region') ? SERVICE : []),
    ...(has('--state-dir') ? [FOLDERS] : []),
    TERMINAL,
  ];
}
