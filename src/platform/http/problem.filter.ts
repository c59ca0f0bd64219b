import { Catch, type ArgumentsHost, type ExceptionFilter } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { ErrorAnswers } from './answer-error.js';

/** Everything that NestJS catches, from rooms, from Fastify, and unknown paths. */
@Catch()
export class ProblemFilter implements ExceptionFilter {
  readonly #answers: ErrorAnswers;

  constructor(answers: ErrorAnswers) {
    this.#answers = answers;
  }

  /** @returns true: without a value NestJS would answer again by itself */
  catch(error: unknown, host: ArgumentsHost): true {
    const http = host.switchToHttp();
    this.#answers.answer(
      error,
      http.getRequest<FastifyRequest>(),
      http.getResponse<FastifyReply>(),
    );
    return true;
  }
}
