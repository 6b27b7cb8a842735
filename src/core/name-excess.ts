/** A key or a description that is longer than the service accepts. */
export interface NameExcess {
  thing: 'key' | 'description';
  length: number;
  max: number;
  unit: 'bytes' | 'characters';
}
