// Calvo prices and a Taylor rule without lower bound (Maliar and Maliar, 2015, six shocks).
var C Y L pi S F R d eta_R eta_a eta_L eta_u eta_B eta_G;
varexo e_R e_a e_L e_u e_B e_G;
parameters beta gamma vartheta epsilon theta mu phi_pi phi_y gbar target
           rho_R rho_a rho_L rho_u rho_B rho_G sigma_R sigma_a sigma_L sigma_u sigma_B sigma_G;
beta = 0.99; gamma = 1; vartheta = 2.09; epsilon = 4.45; theta = 0.83; mu = 0.82; phi_pi = 2.21; phi_y = 0.07;
gbar = 0.23; target = 1;
rho_R = 0; rho_a = 0.95; rho_L = 0.25; rho_u = 0.92; rho_B = 0; rho_G = 0.95;
sigma_R = 0.0028; sigma_a = 0.0045; sigma_L = 0.05; sigma_u = 0.0054; sigma_B = 0.001; sigma_G = 0.0038;

model;
  # share = 1 - gbar/exp(eta_G);
  # natural = (exp(eta_a)^(1+vartheta)*share^(-gamma)/exp(eta_L))^(1/(vartheta+gamma));
  # price = ((1 - theta*pi^(epsilon-1))/(1-theta))^(1/(1-epsilon));
  [name = 'cost']    S = exp(eta_u+eta_L)*L^vartheta*Y/exp(eta_a) + beta*theta*pi(+1)^epsilon*S(+1);
  [name = 'revenue'] F = exp(eta_u)*C^(-gamma)*Y + beta*theta*pi(+1)^(epsilon-1)*F(+1);
  [name = 'euler']   C^(-gamma) = beta*exp(eta_B)/exp(eta_u)*R*exp(eta_u(+1))*C(+1)^(-gamma)/pi(+1);
  [name = 'price']   S/F = price;
  d = 1/((1-theta)*price^(-epsilon) + theta*pi^epsilon/d(-1));
  Y = exp(eta_a)*L*d;
  C = share*Y;
  [name = 'Taylor rule']
  R = target/beta*(R(-1)*beta/target)^mu*((pi/target)^phi_pi*(Y/natural)^phi_y)^(1-mu)*exp(eta_R);
  eta_R = rho_R*eta_R(-1) + sigma_R*e_R;
  eta_a = rho_a*eta_a(-1) + sigma_a*e_a;
  eta_L = rho_L*eta_L(-1) + sigma_L*e_L;
  eta_u = rho_u*eta_u(-1) + sigma_u*e_u;
  eta_B = rho_B*eta_B(-1) + sigma_B*e_B;
  eta_G = rho_G*eta_G(-1) + sigma_G*e_G;
end;

steady_state_model;
  eta_R = 0; eta_a = 0; eta_L = 0; eta_u = 0; eta_B = 0; eta_G = 0;
  pi = target;
  relative = ((1 - theta*pi^(epsilon-1))/(1-theta))^(1/(1-epsilon));
  d = (1 - theta*pi^epsilon)/((1-theta)*relative^(-epsilon));
  markup = relative*(1 - beta*theta*pi^epsilon)/(1 - beta*theta*pi^(epsilon-1));
  Y = (markup*d^vartheta*(1-gbar)^(-gamma))^(1/(vartheta+gamma));
  L = Y/d;
  C = (1-gbar)*Y;
  R = pi/beta;
  F = C^(-gamma)*Y/(1 - beta*theta*pi^(epsilon-1));
  S = relative*F;
end;

shocks;
  var e_R; stderr 1;  var e_a; stderr 1;  var e_L; stderr 1;
  var e_u; stderr 1;  var e_B; stderr 1;  var e_G; stderr 1;
end;
