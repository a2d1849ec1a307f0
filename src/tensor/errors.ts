/** The shape of a tensor is not the one that was expected, or does not fit its data. */
export class ShapeMismatchError extends Error {
  override readonly name = 'ShapeMismatchError'
  readonly code = 'ERR_SHAPE_MISMATCH'
}

/** The dtype of a tensor is not the one that was expected, or does not fit its data. */
export class DtypeMismatchError extends Error {
  override readonly name = 'DtypeMismatchError'
  readonly code = 'ERR_DTYPE_MISMATCH'
}

/** Bytes that should be a `.npy` file are not one that can be read here. */
export class NpyFormatError extends Error {
  override readonly name = 'NpyFormatError'
  readonly code = 'ERR_NPY_FORMAT'
}
