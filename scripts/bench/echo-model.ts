/** The model that gives back its input, a row of 3 KB. */
export const ECHO = 'echo'
export const FLOATS = 768
