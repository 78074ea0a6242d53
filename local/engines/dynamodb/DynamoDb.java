import java.lang.reflect.Field;
import org.eclipse.jetty.server.Connector;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.ServerConnector;
import software.amazon.dynamodb.services.local.main.ServerRunner;
import software.amazon.dynamodb.services.local.server.DynamoDBProxyServer;

/**
 * DynamoDB Local in memory, on 127.0.0.1: the runner it comes with listens on every address. It keeps a database for
 * each access key and region: what is in one does not slow the others down.
 * Argument: the port, 0 for a free one. Ends when its standard input does, that is, with the process that started it.
 */
public final class DynamoDb {
  public static void main(String[] arguments) throws Exception {
    DynamoDBProxyServer proxy = ServerRunner.createServerFromCommandLineArgs(
        new String[] {"-inMemory", "-disableTelemetry", "-port", "8000"});
    Field field = DynamoDBProxyServer.class.getDeclaredField("server");
    field.setAccessible(true);
    ServerConnector connector = null;
    for (Connector each : ((Server) field.get(proxy)).getConnectors()) {
      connector = (ServerConnector) each;
      connector.setHost("127.0.0.1");
      connector.setPort(Integer.parseInt(arguments[0]));
    }
    proxy.start();
    System.out.println("READY http://127.0.0.1:" + connector.getLocalPort());
    while (System.in.read() >= 0) {
      // only the end counts
    }
    System.exit(0);
  }
}
