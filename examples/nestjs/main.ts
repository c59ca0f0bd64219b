// OFFSWITCH_URL=… OFFSWITCH_GATEWAY_KEY=… node dist/main.js
import { Controller, Get, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import {
  Gateway,
  HttpTransport,
  Secret,
  type AccessTokenClaims,
  type Report,
} from 'offswitch-gateway';
import { Claims, GatewayGuard } from 'offswitch-gateway/nestjs';

const { OFFSWITCH_URL: url = '', OFFSWITCH_GATEWAY_KEY: key = '', PORT = '3000' } = process.env;
const service = { url, key: new Secret(key) };
const report: Report = (event) => event.kind !== 'lease.renewed' && console.error(event);
const transport = new HttpTransport({ service, report });
const gateway = new Gateway({ service, transport, report, policy: 'strict', version: '1.0.0' });
void gateway.run(new AbortController().signal);

@Controller()
class Greetings {
  @Get()
  hello(@Claims() { sub }: AccessTokenClaims) {
    return `hello ${sub}`;
  }
}

@Module({ controllers: [Greetings] })
class App {}

const app = await NestFactory.create(App, { logger: false });
app.useGlobalGuards(new GatewayGuard(gateway));
await app.listen(PORT);
console.log(`listening on ${new URL(await app.getUrl()).port}`);
