import type { Operation } from '../lambda/http.ts';
import { openApi } from './openapi/document.ts';

/** `GET /v1/openapi.json`, for anybody: it says nothing of a tenant. Made at the first request of a container. */
export function showOpenApi(): Operation {
  let text: string | undefined;
  return async () => {
    text ??= JSON.stringify(openApi());
    return {
      status: 200,
      headers: { 'content-type': 'application/json', 'cache-control': 'public, max-age=300' },
      body: text,
    };
  };
}
