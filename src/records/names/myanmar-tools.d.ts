/** The package comes without types. */
declare module 'myanmar-tools' {
  interface Detector {
    /** From 0 to 1; minus infinity if nothing in the text tells. */
    getZawgyiProbability(text: string): number;
  }
  interface Converter {
    zawgyiToUnicode(text: string): string;
  }
  const tools: { readonly ZawgyiDetector: new () => Detector; readonly ZawgyiConverter: new () => Converter };
  export default tools;
}
