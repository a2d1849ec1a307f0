/** What a reconstructed prediction is to be expected to be like, measured on groups that the decoder was not made from. */
export interface ExpectedQuality {
  /** ‖p − f‖² summed over outputs, in the output's own units (logits: without their class mean). */
  error: number
  /** For classifiers: how likely its class is the one that the model itself gives. */
  agreement?: number
}
