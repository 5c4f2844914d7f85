export type { Folder } from './index/folder-table.ts';
export type { IndexNews } from './index/projection.ts';
export { fileProjection } from './index/projection.ts';
export { versionCodec } from './index/stored.ts';
export { PieceService } from './pieces/service.ts';
export { FilesService, type FilesChange } from './service.ts';
