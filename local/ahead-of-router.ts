import type { Express, Request, RequestHandler, Response } from 'express';
import type { RequestListener } from 'node:http';

/** What is mounted in an application below some paths, and what goes before it there. */
export interface Mounted {
  /** Handlers by the paths they are mounted at, such as `/r4`. */
  readonly faces: ReadonlyMap<string, RequestHandler>;
  /** What each request passes before, in order. */
  readonly before: readonly RequestHandler[];
  /** Whether a path below a face, such as `/graphql`, is another's, of which the router knows. */
  readonly isOther: (path: string) => boolean;
  /** Answers what a handler throws. */
  readonly onError: (error: unknown, request: Request, response: Response) => Promise<void>;
}

/**
 * Takes requests below some paths past Express's router, whose way through its layers is an eighth of a read's time. The
 * handlers get what Express makes of a request, as they do in the application, which has them as well: everything else
 * goes there.
 */
export function aheadOfRouter(app: Express, { faces, before, isOther, onError }: Mounted): RequestListener {
  return (plain, plainResponse) => {
    const url = plain.url ?? '';
    const end = url.indexOf('/', 1);
    const base = end < 0 ? '' : url.slice(0, end);
    const face = faces.get(base);
    if (face === undefined || isOther(url.slice(end))) {
      app(plain, plainResponse);
      return;
    }
    const request = Object.setPrototypeOf(plain, app.request) as Request;
    const response = Object.setPrototypeOf(plainResponse, app.response) as Response;
    request.res = response;
    request.originalUrl = url;
    request.baseUrl = base;
    request.url = url.slice(end);
    const failed = (error: unknown): void => {
      // What cannot even be told must not end the process, with the answers to everybody else.
      onError(error, request, response).catch(() => response.destroy());
    };
    const pass = (at: number): void => {
      const next = (error?: unknown): void => {
        if (error === undefined) pass(at + 1);
        else failed(error);
      };
      try {
        const done: unknown = (before[at] ?? face)(request, response, next);
        if (done instanceof Promise) done.catch(failed);
      } catch (error) {
        failed(error);
      }
    };
    pass(0);
  };
}
