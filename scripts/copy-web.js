// The build copies here what the server serves to browsers: the page, and Swagger UI with its licence.
import { copyFileSync, cpSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

const target = 'dist/web';
cpSync('web', target, { recursive: true, filter: (path) => !path.endsWith('tsconfig.json') });

const swaggerUi = dirname(createRequire(import.meta.url).resolve('swagger-ui-dist/package.json'));
for (const file of ['swagger-ui-bundle.js', 'swagger-ui.css', 'LICENSE', 'NOTICE']) {
  copyFileSync(join(swaggerUi, file), join(target, 'docs', file));
}
